import { grpcTarget } from './parse-value.ts';
import type { Variable } from './variable.ts';
import { variables } from './variables.ts';

/** Name of the variable that tells callers where the services of a domain listen. */
export function targetName(domain: string): string {
  return `PURSER_${domain.toUpperCase()}_TARGET`;
}

/** Who calls the services of a domain, where that is not the gateway and Operations alone. */
const readersOfTarget: Record<string, ('gateway' | 'orders' | 'operations')[]> = {
  payments: ['gateway', 'orders', 'operations'],
  notifications: ['gateway', 'orders', 'operations'],
  operations: ['gateway'],
};

/**
 * The variable of a domain of the contracts. Domains are not listed here: the gateway
 * takes them from the generated routes, so that a new one needs no line of configuration code.
 */
export function targetVariable(
  domain: string,
): Variable<string, 'gateway' | 'orders' | 'operations'> {
  const ports: Record<string, Variable | undefined> = variables;
  const portDefault = ports[`PURSER_${domain.toUpperCase()}_PORT`]?.default;
  return {
    parse: grpcTarget,
    default: portDefault === undefined ? undefined : `127.0.0.1:${portDefault}`,
    description:
      `Where its callers find the services of ${domain}: host:port, ` +
      'or several IP addresses with ports, separated by commas. ' +
      'A name stands for all its addresses.',
    readBy: readersOfTarget[domain] ?? ['gateway', 'operations'],
  };
}

/**
 * Every variable there is, the gateway's targets of these domains included, for the documentation.
 */
export function allVariables(domains: Iterable<string>): Record<string, Variable> {
  const targets = [...domains].map((domain) => [targetName(domain), targetVariable(domain)]);
  return { ...variables, ...Object.fromEntries(targets) };
}
