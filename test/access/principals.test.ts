import { principals } from './principals-suite.ts';

principals('rights of several principals, on the whole program');
