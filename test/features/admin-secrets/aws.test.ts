import { describeAdminSecrets } from './suite.ts';

describeAdminSecrets('aws');
