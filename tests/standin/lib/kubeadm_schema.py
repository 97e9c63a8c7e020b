"""The fields of the configuration documents, for strict decoding.

A shape is a dict (an object with these fields), or one of: str, int, bool; [shape] a list;
(shape,) a map from names to shapes; ANY for what is not looked into.
"""

ANY = None
META = {"apiVersion": str, "kind": str}
_TAINT = {"key": str, "value": str, "effect": str, "timeAdded": str}
_NODE = {"name": str, "criSocket": str, "taints": [_TAINT], "kubeletExtraArgs": (str,),
         "ignorePreflightErrors": [str], "imagePullPolicy": str}
_ENDPOINT = {"advertiseAddress": str, "bindPort": int}
_MOUNT = {"name": str, "hostPath": str, "mountPath": str, "readOnly": bool, "pathType": str}
_COMPONENT = {"extraArgs": (str,), "extraVolumes": [_MOUNT]}
_IMAGE = {"imageRepository": str, "imageTag": str}
_PATCHES = {"directory": str}
_TOKEN = {"token": str, "description": str, "ttl": str, "expires": str, "usages": [str],
          "groups": [str]}

_INIT = dict(META, bootstrapTokens=[_TOKEN], nodeRegistration=_NODE, localAPIEndpoint=_ENDPOINT,
             certificateKey=str, skipPhases=[str], patches=_PATCHES)
_CLUSTER = dict(
    META,
    etcd={"local": dict(_IMAGE, dataDir=str, extraArgs=(str,), serverCertSANs=[str],
                        peerCertSANs=[str]),
          "external": {"endpoints": [str], "caFile": str, "certFile": str, "keyFile": str}},
    networking={"serviceSubnet": str, "podSubnet": str, "dnsDomain": str},
    kubernetesVersion=str, controlPlaneEndpoint=str,
    apiServer=dict(_COMPONENT, certSANs=[str], timeoutForControlPlane=str),
    controllerManager=_COMPONENT, scheduler=_COMPONENT, dns=dict(_IMAGE), certificatesDir=str,
    imageRepository=str, featureGates=(bool,), clusterName=str)
_JOIN = dict(
    META, nodeRegistration=_NODE, caCertPath=str,
    discovery={"bootstrapToken": {"token": str, "apiServerEndpoint": str, "caCertHashes": [str],
                                  "unsafeSkipCAVerification": bool},
               "file": {"kubeConfigPath": str}, "tlsBootstrapToken": str, "timeout": str},
    controlPlane={"localAPIEndpoint": _ENDPOINT, "certificateKey": str}, skipPhases=[str],
    patches=_PATCHES)

_KUBELET_FIELDS = """
enableServer staticPodPath syncFrequency fileCheckFrequency httpCheckFrequency staticPodURL
staticPodURLHeader address port readOnlyPort tlsCertFile tlsPrivateKeyFile tlsCipherSuites
tlsMinVersion rotateCertificates serverTLSBootstrap authentication authorization
registryPullQPS registryBurst eventRecordQPS eventBurst enableDebuggingHandlers
enableContentionProfiling healthzPort healthzBindAddress oomScoreAdj clusterDomain
clusterDNS streamingConnectionIdleTimeout nodeStatusUpdateFrequency
nodeStatusReportFrequency nodeLeaseDurationSeconds imageMinimumGCAge
imageGCHighThresholdPercent imageGCLowThresholdPercent volumeStatsAggPeriod kubeletCgroups
systemCgroups cgroupRoot cgroupsPerQOS cgroupDriver cpuManagerPolicy cpuManagerPolicyOptions
cpuManagerReconcilePeriod memoryManagerPolicy topologyManagerPolicy topologyManagerScope
qosReserved runtimeRequestTimeout hairpinMode maxPods podCIDR podPidsLimit resolvConf
runOnce cpuCFSQuota cpuCFSQuotaPeriod nodeStatusMaxImages maxOpenFiles contentType
kubeAPIQPS kubeAPIBurst serializeImagePulls evictionHard evictionSoft
evictionSoftGracePeriod evictionPressureTransitionPeriod evictionMaxPodGracePeriod
evictionMinimumReclaim podsPerCore enableControllerAttachDetach protectKernelDefaults
makeIPTablesUtilChains iptablesMasqueradeBit iptablesDropBit featureGates failSwapOn
memorySwap containerLogMaxSize containerLogMaxFiles
configMapAndSecretChangeDetectionStrategy systemReserved kubeReserved reservedSystemCPUs
showHiddenMetricsForVersion systemReservedCgroup kubeReservedCgroup enforceNodeAllocatable
allowedUnsafeSysctls volumePluginDir providerID kernelMemcgNotification logging
enableSystemLogHandler shutdownGracePeriod shutdownGracePeriodCriticalPods reservedMemory
enableProfilingHandler enableDebugFlagsHandler seccompDefault memoryThrottlingFactor
"""
_KUBELET = dict(META, **dict.fromkeys(_KUBELET_FIELDS.split(), ANY))
_KUBELET.update(
    cgroupDriver=str, clusterDomain=str, staticPodPath=str, resolvConf=str, clusterDNS=[str],
    failSwapOn=bool, rotateCertificates=bool, serverTLSBootstrap=bool, featureGates=(bool,),
    maxPods=int, healthzPort=int, port=int, evictionHard=(str,), systemReserved=(str,),
    kubeReserved=(str,),
    authorization={"mode": str, "webhook": {"cacheAuthorizedTTL": str,
                                            "cacheUnauthorizedTTL": str}},
    authentication={"x509": {"clientCAFile": str}, "anonymous": {"enabled": bool},
                    "webhook": {"enabled": bool, "cacheTTL": str}},
    memorySwap={"swapBehavior": str})

_PROXY_FIELDS = """
featureGates bindAddress healthzBindAddress metricsBindAddress bindAddressHardFail
enableProfiling clusterCIDR hostnameOverride clientConnection iptables ipvs oomScoreAdj mode
portRange udpIdleTimeout conntrack configSyncPeriod nodePortAddresses winkernel
showHiddenMetricsForVersion detectLocalMode
"""
_PROXY = dict(META, **dict.fromkeys(_PROXY_FIELDS.split(), ANY))
_PROXY.update(
    mode=str, clusterCIDR=str, bindAddress=str, featureGates=(bool,),
    conntrack={"maxPerCore": int, "min": int, "tcpEstablishedTimeout": str,
               "tcpCloseWaitTimeout": str},
    iptables={"masqueradeBit": int, "masqueradeAll": bool, "syncPeriod": str,
              "minSyncPeriod": str},
    ipvs={"syncPeriod": str, "minSyncPeriod": str, "scheduler": str, "excludeCIDRs": [str],
          "strictARP": bool, "tcpTimeout": str, "tcpFinTimeout": str, "udpTimeout": str},
    clientConnection={"kubeconfig": str, "acceptContentTypes": str, "contentType": str,
                      "qps": ANY, "burst": int},
    winkernel={"networkName": str, "sourceVip": str, "enableDSR": bool})

SHAPES = {"InitConfiguration": _INIT, "ClusterConfiguration": _CLUSTER,
          "JoinConfiguration": _JOIN, "KubeletConfiguration": _KUBELET,
          "KubeProxyConfiguration": _PROXY}
_GO_TYPES = {str: "string", int: "int32", bool: "bool"}


def _unknown(value, shape):
    if isinstance(shape, dict) and isinstance(value, dict):
        for key, inner in value.items():
            if key not in shape:
                return str(key)
            found = _unknown(inner, shape[key])
            if found:
                return found
    elif isinstance(shape, list) and isinstance(value, list):
        for inner in value:
            found = _unknown(inner, shape[0])
            if found:
                return found
    return None


def unknown_field(doc, kind):
    """The first field that the kind does not have, or None."""
    return _unknown(doc, SHAPES[kind])


def _json_type(value):
    if isinstance(value, bool):
        return "bool"
    return {dict: "object", list: "array", str: "string"}.get(type(value), "number")


def _mismatch(value, shape, path):
    if value is None or shape is ANY:
        return None
    wanted = (dict if isinstance(shape, (dict, tuple)) else
              list if isinstance(shape, list) else shape)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        go_type = _GO_TYPES.get(shape, "struct" if isinstance(shape, dict) else
                                "map" if isinstance(shape, tuple) else "slice")
        return f"json: cannot unmarshal {_json_type(value)} into Go struct field {path} of type " \
               f"{go_type}"
    if isinstance(shape, list):
        return next(filter(None, (_mismatch(v, shape[0], path) for v in value)), None)
    if isinstance(value, dict):
        for key, inner in value.items():
            below = shape[0] if isinstance(shape, tuple) else shape.get(key, ANY)
            found = _mismatch(inner, below, path if isinstance(shape, tuple) else f"{path}.{key}")
            if found:
                return found
    return None


def type_error(doc, kind):
    """The first value of the wrong type, in encoding/json's words, or None."""
    return _mismatch(doc, SHAPES[kind], kind)
