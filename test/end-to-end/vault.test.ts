import { describeService } from './service.ts';

describeService('vault');
