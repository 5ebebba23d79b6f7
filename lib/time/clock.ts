/** The present, to the millisecond. Services take it as a value so that tests can fix it. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
