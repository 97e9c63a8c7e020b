"""JSON patch (RFC 6902), merge patch (RFC 7396) and what kagent needs of the strategic one."""
import copy

#: Merge key of the lists that a strategic patch merges by key; other lists are replaced.
MERGE_KEYS = {"conditions": "type", "addresses": "type", "containers": "name",
              "initContainers": "name", "volumes": "name", "env": "name", "volumeMounts":
              "mountPath", "ports": "containerPort", "ownerReferences": "uid",
              "imagePullSecrets": "name", "secrets": "name"}
SET_LISTS = ("finalizers",)


class BadPatch(Exception):
    pass


def merge(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _merge_list(target, patch, key):
    result = [copy.deepcopy(item) for item in target or []]
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            if "$patch" in (item if isinstance(item, dict) else {}):
                continue
            result.append(copy.deepcopy(item))
            continue
        at = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic({}, item))
        else:
            result[at] = strategic(result[at], item)
    return result


def strategic(target, patch):
    result = dict(target) if isinstance(target, dict) else {}
    if patch.get("$patch") == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    for key, value in patch.items():
        if key.startswith("$setElementOrder/") or key.startswith("$retainKeys"):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.split("/", 1)[1]
            result[name] = [item for item in result.get(name, []) if item not in value]
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = strategic(result.get(key) or {}, value)
        elif isinstance(value, list) and key in MERGE_KEYS:
            result[key] = _merge_list(result.get(key), value, MERGE_KEYS[key])
        elif key in SET_LISTS:
            old = result.get(key) or []
            result[key] = old + [item for item in value if item not in old]
        else:
            result[key] = copy.deepcopy(value)
    return result


def _walk(doc, pointer):
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if not parts:
        raise BadPatch("the whole document cannot be patched")
    for part in parts[:-1]:
        try:
            doc = doc[int(part)] if isinstance(doc, list) else doc[part]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise BadPatch(f"doc is missing path: {pointer}: missing value") from error
    return doc, parts[-1]


def json_patch(target, operations):
    doc = copy.deepcopy(target)
    if not isinstance(operations, list):
        raise BadPatch("a JSON patch is a list")
    for operation in operations:
        kind, pointer = operation.get("op"), operation.get("path", "")
        parent, last = _walk(doc, pointer)
        value = copy.deepcopy(operation.get("value"))
        in_list = isinstance(parent, list)
        try:
            if kind == "add" and in_list:
                parent.insert(len(parent) if last == "-" else int(last), value)
            elif kind == "remove":
                del parent[int(last) if in_list else last]
            elif kind in ("add", "replace"):
                parent[int(last) if in_list else last] = value
            elif kind == "test":
                if (parent[int(last)] if in_list else parent.get(last)) != value:
                    raise BadPatch(f"testing value {pointer} failed: test failed")
            else:
                raise BadPatch(f"Unexpected kind: {kind}")
        except (KeyError, IndexError, ValueError) as error:
            raise BadPatch(f"{kind} operation does not apply: doc is missing path: {pointer}: "
                           "missing value") from error
    return doc


def apply(target, patch, content_type):
    """The patched object; `target` may be None for an apply patch."""
    if content_type == "application/json-patch+json":
        return json_patch(target, patch)
    if not isinstance(patch, dict):
        raise BadPatch("the patch is not an object")
    if content_type in ("application/strategic-merge-patch+json", "application/apply-patch+yaml"):
        return strategic(target or {}, patch)
    return merge(target, patch)
