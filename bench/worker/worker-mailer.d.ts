// What the leg `smtp` calls of worker-mailer, which is installed only when that leg runs.
declare module "worker-mailer" {
  export const LogLevel: { readonly NONE: number };
  export const WorkerMailer: {
    connect(options: {
      readonly host: string;
      readonly port: number;
      readonly secure: boolean;
      readonly startTls: boolean;
      readonly logLevel: number;
    }): Promise<{
      send(email: {
        readonly from: string;
        readonly to: string;
        readonly subject: string;
        readonly text: string;
      }): Promise<void>;
      close(): Promise<void>;
    }>;
  };
}
