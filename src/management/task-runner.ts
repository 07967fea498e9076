/** Wakes the task runner at the latest at a time. Call it before writing the row that will be due: a crash in between then loses nothing. */
export interface TaskRunner {
  wakeBy(at: number): Promise<void>;
}
