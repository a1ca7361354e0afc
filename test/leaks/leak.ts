/** Preloaded into the service to check the leak test: prints half of each parsed password in base64. */
const parse = JSON.parse;

JSON.parse = (...parameters: Parameters<typeof parse>) => {
  const parsed: unknown = parse(...parameters);
  const password = (parsed as { password?: unknown } | null)?.password;
  if (typeof password === 'string')
    process.stdout.write(
      `{"hint":"${Buffer.from(password.slice(0, password.length / 2)).toString('base64')}"}\n`,
    );
  return parsed;
};
