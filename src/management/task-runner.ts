/** Wakes the task runner at some time, at the latest. Ask before you write what will be due: then dying in between loses nothing. */
export interface TaskRunner {
  wakeBy(at: number): Promise<void>;
}
