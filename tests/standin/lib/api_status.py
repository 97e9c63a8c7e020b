"""The Status objects a real API server answers with."""

REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
           405: "MethodNotAllowed", 409: "Conflict", 410: "Expired", 415: "UnsupportedMediaType",
           422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


class Refusal(Exception):
    """An answer that is not the wanted object."""

    def __init__(self, code, message, reason=None, details=None):
        super().__init__(message)
        self.code = code
        self.body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                     "message": message, "reason": reason or REASONS.get(code, "Unknown"),
                     "code": code}
        if details:
            self.body["details"] = details


def success(details):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details}


def qualified(target):
    return f"{target.plural}.{target.group}" if target.group else target.plural


def _details(target, name):
    details = {"name": name, "kind": target.plural}
    if target.group:
        details["group"] = target.group
    return details


def not_found(target, name):
    return Refusal(404, f'{qualified(target)} "{name}" not found', None, _details(target, name))


def no_such_resource():
    return Refusal(404, "the server could not find the requested resource", None, {})


def already_exists(target, name):
    return Refusal(409, f'{qualified(target)} "{name}" already exists', "AlreadyExists",
                   _details(target, name))


def conflict(target, name):
    return Refusal(409, f'Operation cannot be fulfilled on {qualified(target)} "{name}": the '
                   "object has been modified; please apply your changes to the latest version "
                   "and try again", None, _details(target, name))


def invalid(target, kind, name, causes):
    """`causes`: (field, message) pairs."""
    text = ", ".join(f"{field}: {message}" for field, message in causes)
    if len(causes) > 1:
        text = f"[{text}]"
    head = f"{kind}.{target.group}" if target.group else kind
    return Refusal(422, f'{head} "{name}" is invalid: {text}', None, _details(target, name))


def unauthorized():
    return Refusal(401, "Unauthorized")


def forbidden(user, verb, target):
    """The RBAC refusal, word for word."""
    resource = target.plural + (f"/{target.sub}" if target.sub else "")
    head = f'{qualified(target)} "{target.name}"' if target.name else qualified(target)
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    return Refusal(403, f'{head} is forbidden: User "{user}" cannot {verb} resource "{resource}" '
                   f'in API group "{target.group}" {where}', None,
                   _details(target, target.name) if target.name else {"kind": target.plural})


def forbidden_path(user, verb, path):
    return Refusal(403, f'forbidden: User "{user}" cannot {verb} path "{path}"', None, {})
