import { describeService } from './service.ts';

describeService('aws');
