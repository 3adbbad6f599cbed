/** What the id of a request looks like, wherever one is read. */
export const ID = /^[A-Za-z0-9._:-]{1,63}$/;
export const ID_FORM = '1 to 63 characters of A-Z a-z 0-9 . _ : -';

export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);
