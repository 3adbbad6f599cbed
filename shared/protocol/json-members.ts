/** Reading what came as JSON without trusting it: what is not of the kind that is asked for reads as nothing. */
import type { Json } from './message.ts';

export type Members = Readonly<Record<string, Json>>;

export const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Those of an object; of anything else, none. */
export const membersOf = (value: Json | undefined): Members => (isMembers(value) ? value : {});

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

export const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
