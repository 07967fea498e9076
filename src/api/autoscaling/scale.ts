import { goSchema } from '../schema/go.ts';

/** The schema of autoscaling/v1 Scale, which /scale of any kind takes and shows. */
export const scaleSchema = goSchema('io.k8s.api.autoscaling.v1.Scale');
