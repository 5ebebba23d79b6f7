import { pluralOf } from '../text/plural.ts';

const plural = pluralOf('en');

/** What the pages of operators say. The other languages have the same members. */
export const english = {
  signIn: {
    title: 'For operators',
    lead: 'Instances, dead letters and the audit are for those who run the system.',
    key: 'Operator’s key',
    hint: 'npm start prints it with the address of this page; it is in .purser/operator.key.',
    submit: 'Sign in',
    wrong: 'This is not the key of this system.',
    disabled:
      'This system has no operator’s key, so nobody can sign in: PURSER_OPERATOR_KEY is not set.',
    signOut: 'Sign out',
  },
  noAnswer: 'Operations does not answer. What you see may be out of date; we keep asking.',
  sampled: (time: string) => `As of ${time}`,
  instances: {
    title: 'Instances',
    scroll: 'Table of the instances',
    service: 'Service',
    address: 'Address',
    state: 'State',
    ready: 'Runs',
    notReady: (checks: string) => `Not ready: ${checks}`,
    silent: 'No answer',
    started: 'Started',
    backlog: 'Waits in the outbox',
    backlogOf: (messages: string, age: string) => `${messages}, for ${age}`,
    nothing: 'nothing',
    publishes: 'publishes',
    letters: 'Dead letters',
    memory: 'Memory',
    delay: 'Event loop late by',
    version: 'Version',
  },
  throughput: {
    title: 'Throughput',
    created: 'Orders created',
    paid: 'Orders paid',
    empty: 'Nothing was measured yet. The first figures come in a few seconds.',
    text: (minutes: string, created: string, paid: string, failed: string) =>
      `In the last ${minutes}: ${created} orders created, ${paid} paid, ${failed} failed.`,
    now: (created: string, published: string, consumed: string) =>
      `Now, each second: ${created} orders created, ${published} messages published, ` +
      `${consumed} handled.`,
    top: (rate: string) => `${rate} a second`,
  },
  letters: {
    title: 'Dead letters',
    lead:
      'Messages that a service could not publish or handle. Their effect is missing until they ' +
      'are replayed.',
    service: 'Service',
    cause: 'Text in the cause',
    search: 'Search',
    showResolved: 'Also those that are dealt with',
    empty: 'No dead letter waits for you.',
    emptyFiltered: 'No dead letter is like that.',
    untyped: 'A message without a type',
    tried: plural({ one: (n) => `tried ${n} time`, other: (n) => `tried ${n} times` }),
    resolutions: { REPLAYED: 'Replayed', DISCARDED: 'Discarded' } as Record<string, string>,
    reasonWas: (reason: string) => `Reason: ${reason}`,
    show: 'Show',
    showOf: (name: string) => `Show ${name}`,
    payload: 'Payload',
    headers: 'Headers',
    causeTitle: 'Cause',
    subject: 'Subject',
    event: 'Event',
    undecoded: (problem: string) => `The payload cannot be read (${problem}). Its bytes:`,
    replay: 'Replay',
    replayAll: plural({
      one: (n) => `Replay the ${n} that is shown`,
      other: (n) => `Replay the ${n} that are shown`,
    }),
    replayTitle: 'Publish once more?',
    replayText: plural({
      one: (n) =>
        `${n} event is published once more. Whoever has handled it knows it, so this is safe ` +
        'at any time; mend the cause first, or it dies again.',
      other: (n) =>
        `${n} events are published once more. Whoever has handled one knows it, so this is safe ` +
        'at any time; mend the cause first, or they die again.',
    }),
    replayed: plural({
      one: (n) => `${n} event is published once more.`,
      other: (n) => `${n} events are published once more.`,
    }),
    outcomes: {
      CONGESTED: 'The broker has too much before it. Try again later.',
      UNKNOWN_EVENT: 'No outbox has this event: it was forged. It can only be discarded.',
      NO_EVENT: 'It names no event of ours. It can only be discarded.',
      DIED_AGAIN: 'It was published, and died again.',
      NOT_FOUND: 'It is gone.',
    } as Record<string, string>,
    discard: 'Discard',
    discardTitle: 'Give this message up for good?',
    discardText: 'Its effect stays missing. The reason is kept with it.',
    discardReason: 'Reason',
    discarded: 'The message is discarded.',
    keep: 'Keep it',
  },
  audit: {
    title: 'Audit',
    lead: 'Every invariant that the data can show, checked on the databases and the streams.',
    none: 'No audit has looked yet.',
    every: (time: string) => `By itself every ${time}.`,
    run: 'Run now',
    running: (done: string, total: string) => `Step ${done} of ${total}`,
    progress: 'Progress of the audit',
    sound: plural({
      one: (n) => `Nothing is broken: ${n} check holds.`,
      other: (n) => `Nothing is broken: all ${n} checks hold.`,
    }),
    broken: plural({
      one: (n) => `${n} check is broken.`,
      other: (n) => `${n} checks are broken.`,
    }),
    when: (ago: string, took: string) => `Looked ${ago}, which took ${took}.`,
    problem: (ago: string, problem: string) => `An audit ${ago} could not look: ${problem}`,
    sources: 'What was read',
    checks: 'The checks',
    checked: (count: string, unit: string) => `${count} ${unit}`,
    inFlight: (count: string) => `${count} on their way`,
    holds: 'Holds',
    isBroken: 'Broken',
    means: 'It means',
    toDo: 'To do',
    rows: 'Rows that break it',
    more: 'There are more.',
  },
};

export type OperatorMessages = typeof english;
