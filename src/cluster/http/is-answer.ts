/** Returns whether the status is an answer or a refusal, and not a temporary failure. */
export function isAnswer(status: number): boolean {
  return status < 500 && status !== 408 && status !== 429;
}
