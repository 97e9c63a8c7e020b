"""The kinds the API server knows, and how a request path names them."""
import re
from collections import namedtuple

Kind = namedtuple("Kind", "group version plural kind namespaced short status")

_TABLE = """
- v1 nodes Node no no yes
- v1 namespaces Namespace no ns yes
- v1 secrets Secret yes - no
- v1 configmaps ConfigMap yes cm no
- v1 serviceaccounts ServiceAccount yes sa no
- v1 pods Pod yes po yes
- v1 services Service yes svc yes
- v1 endpoints Endpoints yes ep no
- v1 events Event yes ev no
- v1 persistentvolumes PersistentVolume no pv yes
- v1 persistentvolumeclaims PersistentVolumeClaim yes pvc yes
- v1 resourcequotas ResourceQuota yes quota yes
- v1 limitranges LimitRange yes limits no
- v1 replicationcontrollers ReplicationController yes rc yes
- v1 podtemplates PodTemplate yes - no
apps v1 daemonsets DaemonSet yes ds yes
apps v1 deployments Deployment yes deploy yes
apps v1 replicasets ReplicaSet yes rs yes
apps v1 statefulsets StatefulSet yes sts yes
apps v1 controllerrevisions ControllerRevision yes - no
batch v1 jobs Job yes - yes
batch v1 cronjobs CronJob yes cj yes
certificates.k8s.io v1 certificatesigningrequests CertificateSigningRequest no csr yes
coordination.k8s.io v1 leases Lease yes - no
rbac.authorization.k8s.io v1 roles Role yes - no
rbac.authorization.k8s.io v1 rolebindings RoleBinding yes - no
rbac.authorization.k8s.io v1 clusterroles ClusterRole no - no
rbac.authorization.k8s.io v1 clusterrolebindings ClusterRoleBinding no - no
policy v1 poddisruptionbudgets PodDisruptionBudget yes pdb yes
policy v1beta1 podsecuritypolicies PodSecurityPolicy no psp no
networking.k8s.io v1 networkpolicies NetworkPolicy yes netpol no
networking.k8s.io v1 ingresses Ingress yes ing yes
networking.k8s.io v1 ingressclasses IngressClass no - no
storage.k8s.io v1 storageclasses StorageClass no sc no
storage.k8s.io v1 csinodes CSINode no - no
storage.k8s.io v1 csidrivers CSIDriver no - no
storage.k8s.io v1 volumeattachments VolumeAttachment no - yes
scheduling.k8s.io v1 priorityclasses PriorityClass no pc no
node.k8s.io v1 runtimeclasses RuntimeClass no - no
discovery.k8s.io v1 endpointslices EndpointSlice yes - no
autoscaling v1 horizontalpodautoscalers HorizontalPodAutoscaler yes hpa yes
apiextensions.k8s.io v1 customresourcedefinitions CustomResourceDefinition no crd yes
apiregistration.k8s.io v1 apiservices APIService no - yes
admissionregistration.k8s.io v1 mutatingwebhookconfigurations MutatingWebhookConfiguration no - no
admissionregistration.k8s.io v1 validatingwebhookconfigurations ValidatingWebhookConfiguration no - no
flowcontrol.apiserver.k8s.io v1beta1 flowschemas FlowSchema no - yes
"""


def _parse():
    kinds = []
    for line in _TABLE.strip().splitlines():
        group, version, plural, kind, namespaced, short, status = line.split()
        kinds.append(Kind("" if group == "-" else group, version, plural, kind,
                          namespaced == "yes", "" if short in "-no" else short, status == "yes"))
    return kinds


KINDS = _parse()
BY_PLURAL = {(k.group, k.version, k.plural): k for k in KINDS}
BY_KIND = {(k.group, k.version, k.kind): k for k in KINDS}


def add_crd(crd):
    """Serve the kinds of a CustomResourceDefinition."""
    spec = crd.get("spec", {})
    for version in spec.get("versions", []):
        kind = Kind(spec["group"], version["name"], spec["names"]["plural"], spec["names"]["kind"],
                    spec.get("scope") == "Namespaced",
                    (spec["names"].get("shortNames") or [""])[0],
                    "status" in (version.get("subresources") or {}))
        BY_PLURAL[(kind.group, kind.version, kind.plural)] = kind
        BY_KIND[(kind.group, kind.version, kind.kind)] = kind


def api_version(kind):
    return f"{kind.group}/{kind.version}" if kind.group else kind.version


def find(word):
    """The kind a person means by `word`: plural, singular, kind or short name, or None."""
    word = word.lower().split(".")[0]
    for kind in list(BY_PLURAL.values()):
        if word in (kind.plural, kind.kind.lower(), kind.short) and word:
            return kind
    return None


def path_of(kind, namespace=None, name=None, sub=None):
    parts = ["/api/v1" if not kind.group else f"/apis/{kind.group}/{kind.version}"]
    if kind.namespaced and namespace:
        parts.append(f"namespaces/{namespace}")
    parts.append(kind.plural)
    parts += [part for part in (name, sub) if part]
    return "/".join(parts)


Target = namedtuple("Target", "group version plural kind namespace name sub")
_PATH = re.compile(r"^/(?:api/(?P<core>[^/]+)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
                   r"/(?P<rest>.+)$")


def parse(path):
    """A resource path as a Target, None for every other path. Its kind may be None."""
    match = _PATH.match(path.rstrip("/"))
    if not match:
        return None
    group = match["group"] or ""
    version = match["core"] or match["version"]
    parts = match["rest"].split("/")
    namespace = None
    if parts[0] == "namespaces" and len(parts) >= 3 and parts[2] not in ("status", "finalize"):
        namespace, parts = parts[1], parts[2:]
    plural = parts[0]
    name = parts[1] if len(parts) > 1 else None
    sub = "/".join(parts[2:]) or None
    return Target(group, version, plural, BY_PLURAL.get((group, version, plural)), namespace,
                  name, sub)
