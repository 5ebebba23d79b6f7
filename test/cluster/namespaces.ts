import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const forwarding = '/proc/sys/net/ipv4/ip_forward';

/** A machine of its own for one server, as far as the network goes. */
export interface Place {
  address: string;
  /** What to put before a command to run it there. */
  command: readonly string[];
}

/**
 * Network namespaces of Linux, each with an address and a way to the others through this machine,
 * where iptables can cut it. Needs root.
 */
export class Namespaces {
  readonly #names: readonly string[];
  readonly #wasForwarding = readFileSync(forwarding, 'utf8');
  readonly #cuts: string[][] = [];

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  static async open(count: number): Promise<Namespaces> {
    const mark = `pc${String(process.pid).slice(-6)}`;
    const names = Array.from({ length: count }, (_, index) => `${mark}n${index + 1}`);
    const namespaces = new Namespaces(names);
    try {
      for (const index of names.keys()) await namespaces.#make(index);
      writeFileSync(forwarding, '1');
      await iptables('-I', 'FORWARD', '1', ...namespaces.#all(), '-j', 'ACCEPT');
      return namespaces;
    } catch (error) {
      await namespaces.close();
      throw error;
    }
  }

  place(index: number): Place {
    const name = this.#names[index]!;
    return { address: addressOf(index), command: ['ip', 'netns', 'exec', name] };
  }

  /** Drops every packet between one and all others, both ways; this machine reaches all of them. */
  async cut(index: number): Promise<void> {
    for (const [from, to] of [
      [addressOf(index), network],
      [network, addressOf(index)],
    ]) {
      const rule = ['-s', from!, '-d', to!, '-j', 'DROP'];
      await iptables('-I', 'FORWARD', '1', ...rule);
      this.#cuts.push(rule);
    }
  }

  async heal(): Promise<void> {
    for (const rule of this.#cuts.splice(0)) await iptables('-D', 'FORWARD', ...rule);
  }

  async close(): Promise<void> {
    await this.heal();
    await iptables('-D', 'FORWARD', ...this.#all(), '-j', 'ACCEPT').catch(() => {});
    for (const name of this.#names) await ip('netns', 'del', name).catch(() => {});
    writeFileSync(forwarding, this.#wasForwarding);
  }

  #all(): string[] {
    return ['-s', network, '-d', network];
  }

  async #make(index: number): Promise<void> {
    const name = this.#names[index]!;
    const inside = ['-n', name];
    await ip('netns', 'add', name);
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('addr', 'add', `${gatewayOf(index)}/30`, 'dev', name);
    await ip('link', 'set', name, 'up');
    await ip(...inside, 'addr', 'add', `${addressOf(index)}/30`, 'dev', 'eth0');
    await ip(...inside, 'link', 'set', 'eth0', 'up');
    await ip(...inside, 'link', 'set', 'lo', 'up');
    await ip(...inside, 'route', 'add', 'default', 'via', gatewayOf(index));
  }
}

/** Of the range that is kept for tests between networks (RFC 2544), which no machine uses. */
const network = '198.18.77.0/24';
const addressOf = (index: number) => `198.18.77.${index * 4 + 2}`;
const gatewayOf = (index: number) => `198.18.77.${index * 4 + 1}`;

const ip = (...args: string[]) => execute('ip', args);
const iptables = (...args: string[]) => execute('iptables', ['-w', '5', ...args]);
