import { describeRotation } from './service.ts';

describeRotation('vault');
