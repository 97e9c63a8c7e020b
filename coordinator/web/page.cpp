#include "coordinator/web/page.hpp"

namespace kagent::coordinator::page {

const std::string_view html = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kagent</title>
<link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script>
</head>
<body>
<header>
  <h1>kagent</h1>
  <p id="cluster">&nbsp;</p>
  <p id="state" role="status">connecting</p>
</header>
<main>
  <ul id="phases" aria-label="Nodes by phase"></ul>
  <table>
    <thead>
      <tr><th>Node</th><th>Role</th><th>Phase</th><th>Steps</th><th>Step</th><th>Kubelet</th>
      <th>Last seen</th></tr>
    </thead>
    <tbody id="nodes"></tbody>
  </table>
  <p id="empty" hidden>No node has enrolled yet. <code>kagentctl user-data</code> prints the line to
  launch nodes with.</p>
</main>
<noscript>This page needs JavaScript; <code>kagentctl status</code> shows the same.</noscript>
</body>
</html>
)html";

const std::string_view style = R"css(
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #e3e6eb; --text: #1c2430; --soft: #68727f;
  --good: #1a7f4b; --busy: #2563c9; --wait: #8a6100; --bad: #c0322b;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --card: #1c2229; --line: #2c343d; --text: #e4e8ed; --soft: #94a0ad;
          --good: #4cc38a; --busy: #7aa8f5; --wait: #dfb04a; --bad: #f2776f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem; background: var(--ground); color: var(--text);
       font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.4rem; letter-spacing: -.01em; }
header p { margin: 0; color: var(--soft); }
#state { margin-left: auto; font-size: .85rem; }
#state.bad { color: var(--bad); }
#phases { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0 0 1rem; padding: 0; }
#phases li { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
             padding: .35rem .8rem; }
#phases b { font-size: 1.1rem; margin-right: .4rem; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
        border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th { text-align: left; font-weight: 600; font-size: .78rem; color: var(--soft);
     text-transform: uppercase; letter-spacing: .04em; }
th, td { padding: .55rem .8rem; vertical-align: top; }
tbody td { border-top: 1px solid var(--line); }
td small { display: block; color: var(--soft); }
td.reason { padding-top: 0; border-top: 0; color: var(--soft); }
.phase { font-weight: 600; white-space: nowrap; }
.phase::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%;
                 background: currentColor; margin-right: .45em; }
.good { color: var(--good); } .busy { color: var(--busy); }
.wait { color: var(--wait); } .bad { color: var(--bad); }
progress { width: 7rem; height: .5rem; accent-color: var(--busy); vertical-align: middle; }
code { font-size: .9em; }
@media (max-width: 46rem) { th:nth-child(6), td:nth-child(6) { display: none; } }
)css";

const std::string_view script = R"js("use strict";
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
)js";

}  // namespace kagent::coordinator::page
