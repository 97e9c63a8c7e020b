"""Label and field selectors of a list or watch."""
import re


def dotted(obj, path):
    for part in path.split("."):
        if not isinstance(obj, dict):
            return ""
        obj = obj.get(part)
    return "" if obj is None else str(obj)


class Selector:
    def __init__(self, query, name):
        self.fields = []
        if name:
            self.fields.append(("metadata.name", "=", name))
        for part in filter(None, (query.get("fieldSelector") or "").split(",")):
            match = re.match(r"^([^=!]+)(!=|==?)(.*)$", part)
            if match:
                self.fields.append((match[1], "!=" if match[2] == "!=" else "=", match[3]))
        self.labels = _split(query.get("labelSelector") or "")

    def name(self):
        """The only object that fits, as the authorizer sees it; None if there may be others."""
        return next((value for path, sign, value in self.fields
                     if path == "metadata.name" and sign == "="), None)

    def fits(self, obj):
        for path, sign, value in self.fields:
            if (dotted(obj, path) == value) != (sign == "="):
                return False
        labels = obj["metadata"].get("labels") or {}
        return all(_label(part, labels) for part in self.labels)


def _split(text):
    """Split at commas outside parentheses."""
    return [part.strip() for part in re.findall(r"(?:[^,(]|\([^)]*\))+", text) if part.strip()]


def _label(part, labels):
    match = re.match(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$", part)
    if match:
        values = [value.strip() for value in match[3].split(",")]
        return (labels.get(match[1]) in values) == (match[2] == "in")
    match = re.match(r"^([^=!\s]+)\s*(!=|==?)\s*(.*)$", part)
    if match:
        return (labels.get(match[1]) == match[3]) == (match[2] != "!=")
    if part.startswith("!"):
        return part[1:].strip() not in labels
    return part in labels
