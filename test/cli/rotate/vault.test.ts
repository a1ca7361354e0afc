import { describeRotation } from './service.ts';

describeRotation('vault', { interruptions: true });
