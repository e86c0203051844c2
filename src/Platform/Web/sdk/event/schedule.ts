/** Schedule, speakers and areas (docs/api.md). */

export type AreaKind = 'stage' | 'session' | 'expo' | 'networking' | 'reception';

export interface Area {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  name: string;
  kind: AreaKind;
}

export interface Speaker {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  name: string;
  headline: string;
  bio: string;
}

export interface ScheduleItem {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  title: string;
  description: string;
  startsAt: string;
  endsAt: string;
  sessionId: string | null;
  areaId: string | null;
  speakerIds: string[];
}

export interface Schedule {
  timeZone: string;
  items: ScheduleItem[];
  speakers: Speaker[];
  areas: Area[];
}
