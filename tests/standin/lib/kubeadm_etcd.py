"""What kubeadm does with a stacked etcd: who is a member, a new one announced, an old one taken out."""
import time

import conf
import etcd
import kubeadm_files as files

WAIT = 40.0  # eight tries, five seconds apart


class Unhealthy(Exception):
    """As kubeadm says it."""


def client_of(url, pki):
    e = pki + "/etcd"
    return etcd.Client(url, e + "/ca.crt", e + "/healthcheck-client.crt",
                       e + "/healthcheck-client.key", timeout=2.0)


class Cluster:
    """Of the members that the etcd pods' annotations name, one that answers."""

    def __init__(self, api, pki):
        self.pki = pki
        pods = api.get("/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd,"
                       "tier%3Dcontrol-plane")["items"]
        self.urls = [url for url in ((pod["metadata"].get("annotations") or {}).get(
            files.ETCD_ANNOTATION) for pod in pods) if url]

    def ask(self, path, body):
        problem = "no etcd pod has an advertised client URL"
        for url in self.urls:
            try:
                return client_of(url, self.pki).call(path, body)
            except etcd.Unavailable as error:
                problem = str(error)
        raise Unhealthy(problem)

    def members(self):
        return self.ask("cluster/member/list", {})["members"]

    def check(self):
        """Every member that has been started answers; a dead one makes the whole unhealthy."""
        for member in self.members():
            for url in member.get("clientURLs") or ():
                try:
                    client_of(url, self.pki).call("maintenance/status", {})
                except etcd.Unavailable as error:
                    raise Unhealthy(f"failed to dial endpoint {url} with maintenance client: "
                                    f"{error}") from error

    def add(self, peer):
        """The members, the new one among them; announced before means nothing more to do."""
        known = self.members()
        if not any(peer in member["peerURLs"] for member in known):
            known = self._insist("cluster/member/add", {"peerURLs": [peer]})["members"]
        return known

    def remove(self, peer):
        known = self.members()
        mine = [member for member in known if peer in member["peerURLs"]]
        if mine and len(known) > 1:
            self._insist("cluster/member/remove", {"ID": mine[0]["ID"]})

    def _insist(self, path, body):
        """etcd refuses ("unhealthy cluster") until its members have known each other for five seconds."""
        for step in range(11):
            try:
                return self.ask(path, body)
            except Unhealthy as error:
                problem = error
            time.sleep(0.05 * 2 ** step)
        raise problem


def peer_url(address):
    return f"https://{address}:{int(conf.option('etcd_port')) + 1}"


def initial_cluster(members, name, peer):
    """The flag's value: who has not been started yet has no name but ours."""
    return [f"{name if peer in m['peerURLs'] else m.get('name')}={url}"
            for m in members for url in m["peerURLs"] if m.get("name") or peer in m["peerURLs"]]


def wait_for(config, limit=WAIT):
    """Until this node's member answers and knows a leader."""
    until = time.monotonic() + limit
    own = client_of(f"https://{config.address}:{conf.option('etcd_port')}", config.pki)
    while True:
        try:
            if int(own.call("maintenance/status", {}).get("leader", 0)):
                return True
        except etcd.Unavailable:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
