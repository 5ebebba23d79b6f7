const volumeKinds = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const addable = ['NET_BIND_SERVICE'];

/**
 * What of a pod the Pod Security Standard "restricted" of Kubernetes forbids, the rules of
 * "baseline" included, in words; empty when it may run.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function forbiddenInPod(pod: any): string[] {
  const found: string[] = [];
  const rule = (holds: boolean, text: string) => {
    if (!holds) found.push(text);
  };
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) {
    rule(pod[name] !== true, `${name} is set`);
  }
  for (const volume of pod.volumes ?? []) {
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    rule(
      kinds.every((kind) => volumeKinds.has(kind)),
      `volume ${volume.name} is ${kinds.join()}`,
    );
  }
  const security = pod.securityContext ?? {};
  rule(security.sysctls === undefined, 'sysctls are set');
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap(
    (kind) => pod[kind] ?? [],
  );
  rule(containers.length > 0, 'there is no container');
  for (const container of containers) found.push(...forbiddenIn(container, security));
  return found;
}

function forbiddenIn({ name, ports = [], securityContext = {} }: any, ofPod: any): string[] {
  const own = securityContext;
  const { add = [], drop = [] } = own.capabilities ?? {};
  const seccomp = (own.seccompProfile ?? ofPod.seccompProfile)?.type;
  const user = own.runAsUser ?? ofPod.runAsUser;
  const rules: [boolean, string][] = [
    [own.privileged !== true, 'is privileged'],
    [own.allowPrivilegeEscalation === false, 'may gain privileges'],
    [(own.runAsNonRoot ?? ofPod.runAsNonRoot) === true, 'may run as root'],
    [user !== 0, 'runs as user 0'],
    [drop.includes('ALL'), 'does not drop all capabilities'],
    [add.every((capability: string) => addable.includes(capability)), 'adds capabilities'],
    [['RuntimeDefault', 'Localhost'].includes(seccomp), 'has no seccomp profile'],
    [own.procMount === undefined || own.procMount === 'Default', 'has another /proc'],
    [ports.every((port: any) => port.hostPort === undefined), 'has a port of the host'],
    [
      [own, ofPod].every((part) => part.seLinuxOptions === undefined),
      'has SELinux options, which we never need',
    ],
    [
      [own, ofPod].every((part) => part.windowsOptions?.hostProcess !== true),
      'is a process of the host',
    ],
  ];
  return rules.flatMap(([holds, text]) => (holds ? [] : [`container ${name} ${text}`]));
}
