/** A promise of a module: how to find a violation in its text, and a change that violates it. */
import type { Module } from './modules.ts';

export interface Policy {
  title: string;
  violations(module: Module): unknown[];
  /** A change that breaks the promise: the file, its text and the new text. */
  broken: [file: string, from: string, to: string];
}

/** A promise of every module. The change names one module. */
export interface PolicyOfAll extends Omit<Policy, 'broken'> {
  broken: [module: string, file: string, from: string, to: string];
}

/** Whether a block, with its expressions as text, matches. */
export const refers = (value: unknown, pattern: RegExp): boolean =>
  pattern.test(JSON.stringify(value ?? null));
