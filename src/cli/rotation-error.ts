/** The error of a rotation that refuses to start or stops. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  /** One or two sentences: what to do now. */
  readonly remedy: string;
  /** Running the same command again later can succeed. */
  readonly temporary: boolean;

  constructor(message: string, options: { remedy: string; temporary: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.temporary = options.temporary;
  }
}
