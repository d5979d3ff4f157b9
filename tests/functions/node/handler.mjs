// A function on AWS's own runtime interface client for Node: answers what it was asked and what it runs on.

export const handle = async (event, context) => {
  if (event.error) throw new Error(event.error);
  console.log("handling", Object.keys(event).sort().join(" "));
  return {
    event,
    memory_mb: Number(context.memoryLimitInMB),
    version: context.functionVersion,
    request_id: context.awsRequestId,
    arn: context.invokedFunctionArn,
    remaining_ms: context.getRemainingTimeInMillis(),
    process_id: process.pid,
    colour: process.env.COLOUR ?? null,
  };
};
