/** Limits the size of the answers that the Azure SDK reads into memory. */
import type { SecretClientOptions } from '@azure/keyvault-secrets';
import { LARGEST_ANSWER, TOO_LARGE } from '../network/no-answer.ts';

type Policy = NonNullable<SecretClientOptions['additionalPolicies']>[number]['policy'];

export const limitAnswers: Policy = {
  name: 'limitAnswers',
  async sendRequest(request, next) {
    const tooLarge = new AbortController();
    const { abortSignal } = request;
    request.abortSignal = abortSignal
      ? AbortSignal.any([abortSignal as AbortSignal, tooLarge.signal])
      : tooLarge.signal;
    request.onDownloadProgress = ({ loadedBytes }) => {
      if (loadedBytes > LARGEST_ANSWER) tooLarge.abort();
    };
    try {
      return await next(request);
    } catch (error) {
      if (!tooLarge.signal.aborted) throw error;
      throw Object.assign(new Error(`The answer is larger than ${LARGEST_ANSWER} bytes`), {
        code: TOO_LARGE,
      });
    }
  },
};
