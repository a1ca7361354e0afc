import { describeAdminSecrets } from './suite.ts';

describeAdminSecrets('azure');
