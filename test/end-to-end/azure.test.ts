import { describeService } from './service.ts';

describeService('azure');
