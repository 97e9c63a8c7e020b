"use strict";
const mood = {ready: "good", enrolled: "busy", preparing: "busy", initializing: "busy", joining: "busy",
              starting: "busy", waiting: "wait", "not-ready": "bad", failed: "bad", lost: "bad",
              leaving: "busy", reset: "wait"};

function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text;
  if (name) td.className = name;
  return td;
}

function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 5) return "now";
  if (s < 120) return s + " s ago";
  if (s < 7200) return Math.round(s / 60) + " min ago";
  return Math.round(s / 3600) + " h ago";
}

function showNode(body, node, now) {
  const row = body.insertRow();
  const name = cell(row, node.name);
  if (node.id !== node.name) {
    const small = document.createElement("small");
    small.textContent = node.id;
    name.append(small);
  }
  cell(row, node.role || "-");
  const phase = cell(row, "");
  const badge = document.createElement("span");
  badge.className = "phase " + (mood[node.phase] || "");
  badge.textContent = node.phase;
  phase.append(badge);
  const steps = cell(row, "");
  if (node.steps > 0) {
    const bar = document.createElement("progress");
    bar.max = node.steps;
    bar.value = node.done;
    steps.append(bar, " " + node.done + "/" + node.steps);
  }
  cell(row, node.step || "-");
  cell(row, node.kubelet || "-");
  cell(row, node.connected ? "now" : ago(now - node.last_seen_ms));
  if (node.reason) {
    const why = body.insertRow().insertCell();
    why.colSpan = 7;
    why.className = "reason";
    why.textContent = node.reason;
  }
}

function show(data) {
  document.getElementById("cluster").textContent =
      "cluster " + data.cluster_id + (data.api_server ? " at " + data.api_server : "");
  const counts = new Map();
  const body = document.createElement("tbody");
  body.id = "nodes";
  for (const node of data.nodes) {
    counts.set(node.phase, (counts.get(node.phase) || 0) + 1);
    showNode(body, node, data.now_ms);
  }
  document.getElementById("nodes").replaceWith(body);
  document.getElementById("empty").hidden = data.nodes.length > 0;
  const phases = document.getElementById("phases");
  phases.replaceChildren(...[...counts].map(([phase, count]) => {
    const item = document.createElement("li");
    const number = document.createElement("b");
    number.textContent = count;
    item.className = mood[phase] || "";
    item.append(number, phase);
    return item;
  }));
}

async function poll() {
  const state = document.getElementById("state");
  try {
    const response = await fetch("/api/nodes.json", {cache: "no-store"});
    if (!response.ok) throw new Error("HTTP " + response.status);
    show(await response.json());
    state.textContent = "live";
    state.className = "";
  } catch (error) {
    state.textContent = "the coordinator does not answer";
    state.className = "bad";
  }
  setTimeout(poll, document.hidden ? 10000 : 1000);
}
poll();
