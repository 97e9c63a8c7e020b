"""Who is asking, and whether they may."""
import base64
import datetime
import hmac
import re
from collections import namedtuple

import api_policy
import api_status

User = namedtuple("User", "name groups")
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
_TOKEN = re.compile(r"^([a-z0-9]{6})\.([a-z0-9]{16})$")
_GROUP = re.compile(r"^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$")
RBAC = api_policy.GROUP


def parse_time(text):
    """RFC 3339 as an aware datetime; None when it is no such thing."""
    try:
        return datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (ValueError, AttributeError):
        return None


def expired(secret):
    """An unreadable expiration counts as expired, as in the real token cleaner."""
    text = field(secret, "expiration")
    if not text:
        return False
    when = parse_time(text)
    return when is None or when.tzinfo is None or when <= datetime.datetime.now(
        datetime.timezone.utc)


def field(secret, name):
    raw = (secret.get("data") or {}).get(name, "")
    try:
        return base64.b64decode(raw).decode()
    except ValueError:
        return ""


class Auth:
    def __init__(self, store):
        self.store = store

    # -- authentication

    def of_certificate(self, peer):
        """`peer`: ssl's getpeercert() dict; verified against the cluster CA by TLS."""
        cn, orgs = "", []
        for part in peer.get("subject", ()):
            for key, value in part:
                if key == "commonName":
                    cn = value
                elif key == "organizationName":
                    orgs.append(value)
        if not cn:
            return None
        return User(cn, tuple(orgs) + ("system:authenticated",))

    def of_token(self, token):
        match = _TOKEN.match(token)
        if not match:
            return None
        ident, secret_text = match.groups()
        secret = self.store.get("", "secrets", "kube-system", "bootstrap-token-" + ident)
        if secret is None or secret.get("type") != "bootstrap.kubernetes.io/token":
            return None
        if field(secret, "token-id") != ident or expired(secret):
            return None
        if not hmac.compare_digest(field(secret, "token-secret"), secret_text):
            return None
        if field(secret, "usage-bootstrap-authentication") != "true":
            return None
        extra = [g for g in field(secret, "auth-extra-groups").split(",") if g]
        if not all(_GROUP.match(group) for group in extra):
            return None
        groups = ["system:bootstrappers"] + sorted(extra) + ["system:authenticated"]
        return User("system:bootstrap:" + ident, tuple(groups))

    def user(self, peer, authorization):
        """The asking user; raises 401 for credentials that are no good."""
        if peer:
            user = self.of_certificate(peer)
            if user:
                return user
        if authorization.startswith("Bearer "):
            user = self.of_token(authorization[7:].strip())
            if user is None:
                raise api_status.unauthorized()
            return user
        if authorization:
            raise api_status.unauthorized()
        return ANONYMOUS

    # -- authorization

    def _subject_is(self, subject, user):
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User":
            return name == user.name
        if kind == "Group":
            return name in user.groups
        return user.name == f"system:serviceaccount:{subject.get('namespace')}:{name}"

    def _rules(self, user, namespace):
        """Every rule that reaches this user here."""
        for bound in self.store.list(RBAC, "clusterrolebindings")[0]:
            if any(self._subject_is(s, user) for s in bound.get("subjects") or []):
                yield from self._role(bound["roleRef"], None)
        if namespace:
            for bound in self.store.list(RBAC, "rolebindings", namespace)[0]:
                if any(self._subject_is(s, user) for s in bound.get("subjects") or []):
                    yield from self._role(bound["roleRef"], namespace)
        if "system:nodes" in user.groups and user.name.startswith("system:node:"):
            yield from api_policy.NODE_RULES

    def _role(self, ref, namespace):
        if ref.get("kind") == "ClusterRole":
            found = self.store.get(RBAC, "clusterroles", None, ref["name"])
        else:
            found = self.store.get(RBAC, "roles", namespace, ref["name"])
        return (found or {}).get("rules") or []

    def may(self, user, verb, group, resource, name=None, namespace=None):
        """`resource` with its subresource ("nodes/status")."""
        if "system:masters" in user.groups:
            return True
        for rule in self._rules(user, namespace):
            if "resources" in rule and _has(rule.get("verbs"), verb) and _has(
                    rule.get("apiGroups"), group) and _resource(rule["resources"], resource):
                only = rule.get("resourceNames")
                if not only or name in only:
                    return True
        return False

    def may_path(self, user, verb, path):
        if "system:masters" in user.groups:
            return True
        for rule in self._rules(user, None):
            for pattern in rule.get("nonResourceURLs") or []:
                fits = pattern in ("*", path) or (pattern.endswith("*")
                                                  and path.startswith(pattern[:-1]))
                if fits and _has(rule.get("verbs"), verb):
                    return True
        return False

    def grants_no_more(self, user, rules, namespace):
        """RBAC's escalation check: may `user` hand out these rules?"""
        if self.may(user, "escalate", RBAC, "clusterroles", namespace=namespace):
            return True
        for rule in rules or []:
            for verb in rule.get("verbs") or []:
                for path in rule.get("nonResourceURLs") or []:
                    if not self.may_path(user, verb, path):
                        return False
                for group in rule.get("apiGroups") or []:
                    for resource in rule.get("resources") or []:
                        for name in rule.get("resourceNames") or [None]:
                            if not self.may(user, verb, group, resource, name, namespace):
                                return False
        return True


def _has(values, wanted):
    return bool(values) and ("*" in values or wanted in values)


def _resource(values, wanted):
    if "*" in values or wanted in values:
        return True
    base, _, sub = wanted.partition("/")
    return bool(sub) and ("*/" + sub in values)
