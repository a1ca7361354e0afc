/** Limits what a configuration may name: secrets below a prefix, in listed accounts and vaults. */
import { findBackend } from '../../secrets/providers/registry.ts';
import { CredentialError } from './credential-error.ts';

const refuse = (message: string) => new CredentialError('not-allowed', message);

/** Ends with a separator, so that `myapp/cred` does not also cover `myapp/credit-cards`. */
export const PREFIX = /^[\w-]+(\/[\w-]+)*[/-]$/;

/** Letters, digits and the punctuation that backends accept. No `%`, no backslash, nothing invisible. */
const NAME = /^[\w/+=.@-]{1,512}$/;
const isTraversal = (name: string) => name.split('/').some((part) => ['', '.', '..'].includes(part));

/** The name in a backend's notation: some have a hyphen where others have a slash. @param name with slashes */
export const nameIn = (provider: string, name: string): string =>
  name.replaceAll('/', findBackend(provider)?.separator ?? '/');

/** @throws CredentialError */
export function requireAllowedName(name: string, prefix: string): void {
  if (!NAME.test(name) || isTraversal(name) || !name.startsWith(prefix) || name === prefix)
    throw refuse(`The name of the secret must begin with ${prefix} and have no empty, "." or ".." part.`);
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
const SECRET_ARN =
  /^arn:aws[a-z-]*:secretsmanager:(?<place>(?<region>[a-z0-9-]+):\d{12}):secret:(?<name>[^:]+)$/;

/**
 * @param places allowed, each as `region:account`
 * @returns the region, and the name. The name is not checked yet.
 * @throws CredentialError
 */
export function requireAllowedArn(arn: string, places: readonly string[]): { region: string; name: string } {
  const { place = '', region = '', name = '' } = SECRET_ARN.exec(arn)?.groups ?? {};
  if (name === '')
    throw new CredentialError('invalid', 'secret_arn is not the ARN of a secret in AWS Secrets Manager.');
  if (!places.includes(place))
    throw refuse('secret_arn: CREDENTIALS_AWS_ACCOUNTS does not list this region and account.');
  return { region, name };
}

/**
 * The region becomes part of AWS's host names, and a signature is valid in one region only.
 * @throws CredentialError
 */
export function requireAllowedRegion(region: string, places: readonly string[]): void {
  if (!places.some((place) => place.startsWith(`${region}:`)))
    throw refuse('region: CREDENTIALS_AWS_ACCOUNTS does not list this region.');
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;

/** @throws CredentialError */
export function requireAllowedRole(arn: string, places: readonly string[]): void {
  const [, account] = ROLE_ARN.exec(arn) ?? [];
  if (account === undefined) throw new CredentialError('invalid', 'role-arn is not the ARN of an IAM role.');
  if (!places.some((place) => place.endsWith(`:${account}`)))
    throw refuse('role-arn: CREDENTIALS_AWS_ACCOUNTS does not list this account.');
}

/**
 * @param vaults allowed, as origins
 * @returns the origin
 * @throws CredentialError
 */
export function requireAllowedVault(url: string, vaults: readonly string[]): string {
  const vault = vaults.find((origin) => url === origin || url === `${origin}/`);
  if (vault === undefined) throw refuse('vault_url: CREDENTIALS_AZURE_VAULTS does not list this vault.');
  return vault;
}
