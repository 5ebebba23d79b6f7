/**
 * Most bytes of a REST request's body: the largest order, 65,536 bytes of lines, with room for
 * spaces and escapes.
 */
export const bodyBytesMax = 128 * 1024;
