Edge.Agent.FileSizeLimit.MakeAnError();
return Edge.Agent.CommandLine.Run(args);
