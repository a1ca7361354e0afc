/** Do the backend's clock and ours agree? Signatures and tokens say when they were made. */
import { type Check, CheckFailed, NotApplicable } from './check.ts';

/** Milliseconds by which the tokens of two replicas may differ; AWS refuses signatures from five minutes on. */
const TOLERANCE = 30_000;

export const clockDifference: Check = {
  id: 'clock',
  title: () => 'Clock',
  needs: ['network'],
  async run({ findings }) {
    const { clockDifference: difference } = findings;
    if (difference === undefined) throw new NotApplicable('the backend does not tell its time');
    const seconds = (Math.abs(difference) / 1000).toFixed(0);
    if (Math.abs(difference) < TOLERANCE) return `within ${TOLERANCE / 1000} s of the backend's`;
    throw new CheckFailed([
      {
        subject: 'clock',
        code: 'clock',
        message: `This machine's clock is ${seconds} s ${difference > 0 ? 'behind' : 'ahead of'} the backend's`,
        remedy:
          'Set it by NTP (`timedatectl status` shows whether it is): from 30 s on replicas refuse tokens of each other, from 5 minutes on AWS refuses signatures.',
        temporary: false,
      },
    ]);
  },
};
