import { describeRotation } from './service.ts';

describeRotation('aws');
