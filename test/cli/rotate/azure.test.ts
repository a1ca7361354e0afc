import { describeRotation } from './service.ts';

describeRotation('azure');
