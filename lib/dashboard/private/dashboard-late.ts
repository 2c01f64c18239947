import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** Rows of widgets that are rendered when the template is written, after everything was added. */
export class LateWidgets implements cloudwatch.IWidget {
  public readonly width = 24;
  /** No widget follows below. */
  public readonly height = 0;

  constructor(private readonly rows: () => cloudwatch.IWidget[][]) {}

  public position(): void {
    // The only widget of the dashboard begins at the top.
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as the interface says
  public toJson(): any[] {
    const column = new cloudwatch.Column(...this.rows().map((row) => new cloudwatch.Row(...row)));
    column.position(0, 0);
    return column.toJson();
  }
}
