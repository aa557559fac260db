// Tells whoever looks for work that this process has just made some, or has room for some, so that it need not wait for its next look.

export class Bell {
  #ring: (() => void) | null = null;
  #isRung = false;

  ring(): void {
    this.#isRung = true;
    this.#ring?.();
  }

  /** Waits so many milliseconds, or until somebody rings, which may have been since the last wait; tells whether somebody did. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const wasRung = this.#isRung;
    this.#ring = null;
    this.#isRung = false;
    return wasRung;
  }
}
