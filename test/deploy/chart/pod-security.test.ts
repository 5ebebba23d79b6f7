import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { forbiddenInPod } from './pod-security.ts';

const test = suite('the restricted pod security standard');

const securityContext = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = { name: 'c', securityContext };

test('a pod that gives up all rights may run, also when the pod says so for its containers', () => {
  assert.equal(forbiddenInPod({ containers: [container] }), []);
  const { runAsNonRoot, seccompProfile, ...own } = securityContext;
  const pod = {
    securityContext: { runAsNonRoot, seccompProfile },
    containers: [{ name: 'c', securityContext: own }],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
  assert.equal(forbiddenInPod(pod), []);
});

const change = (own: object) => ({
  containers: [{ ...container, securityContext: { ...securityContext, ...own } }],
});
const forbidden: readonly [pod: object, fault: string][] = [
  [{ containers: [] }, 'there is no container'],
  [{ containers: [container], hostNetwork: true }, 'hostNetwork is set'],
  [{ containers: [container], hostPID: true }, 'hostPID is set'],
  [
    { containers: [container], volumes: [{ name: 'host', hostPath: { path: '/' } }] },
    'volume host is hostPath',
  ],
  [{ containers: [container], securityContext: { sysctls: [] } }, 'sysctls are set'],
  [
    { containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 1 }] }] },
    'container c has a port of the host',
  ],
  [change({ privileged: true }), 'container c is privileged'],
  [change({ allowPrivilegeEscalation: undefined }), 'container c may gain privileges'],
  [change({ runAsNonRoot: false }), 'container c may run as root'],
  [change({ runAsUser: 0 }), 'container c runs as user 0'],
  [change({ capabilities: { drop: ['KILL'] } }), 'container c does not drop all capabilities'],
  [change({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }), 'container c adds capabilities'],
  [change({ seccompProfile: { type: 'Unconfined' } }), 'container c has no seccomp profile'],
  [change({ procMount: 'Unmasked' }), 'container c has another /proc'],
];
for (const [pod, fault] of forbidden) {
  test(`forbidden: ${fault}`, () => assert.equal(forbiddenInPod(pod), [fault]));
}

test('what starts before a pod is held to the same', () => {
  const pod = { containers: [container], initContainers: [{ name: 'first' }] };
  assert.ok(forbiddenInPod(pod).includes('container first may run as root'));
});

test.run();
