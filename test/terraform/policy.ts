/** A promise of a module: how a breach of it shows in the module's text, and a change that is one. */
import type { Module } from './modules.ts';

export interface Policy {
  title: string;
  violations(module: Module): unknown[];
  /** What breaks the promise: in this file, this text becomes that one. */
  broken: [file: string, from: string, to: string];
}

/** One of every module; the change says in which. */
export interface PolicyOfAll extends Omit<Policy, 'broken'> {
  broken: [module: string, file: string, from: string, to: string];
}

/** Whether what stands there, with expressions as text, is like this. */
export const refers = (value: unknown, pattern: RegExp): boolean =>
  pattern.test(JSON.stringify(value ?? null));
