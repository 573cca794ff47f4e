return Edge.Agent.CommandLine.Run(args);
