"""The eviction subresource of pods (policy/v1): deletes a pod unless a disruption budget forbids it.
Budgets are worked out when they are asked, not by a controller."""
import math

from api_status import Refusal


def evict(objects, target, body, user):
    """201's body; raises the 429 of a budget that allows no disruption."""
    if (body or {}).get("kind") != "Eviction" or body.get("apiVersion") not in (
            "policy/v1", "policy/v1beta1"):
        raise Refusal(400, "the object provided is unrecognized (must be of type Eviction)")
    if (body.get("metadata") or {}).get("name", target.name) != target.name:
        raise Refusal(400, f"name in URL does not match name in Eviction object: {target.name}")
    with objects.store.lock:
        pod = objects.get(target._replace(sub=None))
        if _counts(pod):
            _ask_budgets(objects.store, pod)
        objects.delete(target._replace(sub=None), user)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _counts(pod):
    """Finished, pending and terminating pods are evicted whatever the budgets say."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed", "Pending") and not pod["metadata"].get(
        "deletionTimestamp")


def _ask_budgets(store, pod):
    namespace = pod["metadata"].get("namespace")
    budgets = [b for b in store.list("policy", "poddisruptionbudgets", namespace)[0]
               if _selects(b["spec"].get("selector"), pod)]
    if len(budgets) > 1:
        raise Refusal(500, "This pod has more than one PodDisruptionBudget, which the eviction "
                      "subresource does not support.")
    for budget in budgets:
        needs, has = _health(store, budget, namespace)
        if has - 1 < needs:
            name = budget["metadata"]["name"]
            raise Refusal(
                429, "Cannot evict pod as it would violate the pod's disruption budget.", None,
                {"causes": [{"reason": "DisruptionBudget", "message":
                             f"The disruption budget {name} needs {needs} healthy pods and has "
                             f"{has} currently"}]})


def _health(store, budget, namespace):
    """(healthy pods that are needed, that are there)"""
    pods = [p for p in store.list("", "pods", namespace)[0]
            if _selects(budget["spec"].get("selector"), p)]
    ready = sum(1 for p in pods if any(
        c.get("type") == "Ready" and c.get("status") == "True"
        for c in (p.get("status") or {}).get("conditions") or []))
    if "minAvailable" in budget["spec"]:
        return _number(budget["spec"]["minAvailable"], len(pods)), ready
    return len(pods) - _number(budget["spec"].get("maxUnavailable", 0), len(pods)), ready


def _number(value, whole):
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * whole / 100)
    return int(value)


def _selects(selector, pod):
    labels = pod["metadata"].get("labels") or {}
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or []:
        there, values = term["key"] in labels, term.get("values") or []
        fits = {"In": labels.get(term["key"]) in values,
                "NotIn": labels.get(term["key"]) not in values,
                "Exists": there, "DoesNotExist": not there}
        if not fits.get(term["operator"], False):
            return False
    return True
