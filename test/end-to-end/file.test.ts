import { describeService } from './service.ts';

describeService('file');
