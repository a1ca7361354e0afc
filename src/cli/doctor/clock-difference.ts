/** Does this machine's clock agree with the backend's? Signatures and tokens contain the time. */
import { type Check, CheckFailed, NotApplicable } from './check.ts';

/** Milliseconds that replicas tolerate in each other's tokens. AWS tolerates five minutes in signatures. */
const TOLERANCE = 30_000;

export const clockDifference: Check = {
  id: 'clock',
  title: () => 'Clock',
  needs: ['network'],
  async run({ findings }) {
    const { clockDifference: difference } = findings;
    if (difference === undefined) throw new NotApplicable('the backend sends no time');
    const seconds = (Math.abs(difference) / 1000).toFixed(0);
    if (Math.abs(difference) < TOLERANCE) return `within ${TOLERANCE / 1000} s of the backend's`;
    throw new CheckFailed([
      {
        subject: 'clock',
        code: 'clock',
        message: `This machine's clock is ${seconds} s ${difference > 0 ? 'behind' : 'ahead of'} the backend's`,
        remedy:
          "Synchronise it by NTP (check `timedatectl status`). From 30 s on, replicas refuse each other's tokens; from 5 minutes on, AWS refuses signatures.",
        temporary: false,
      },
    ]);
  },
};
