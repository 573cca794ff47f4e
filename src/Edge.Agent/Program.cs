Console.Error.WriteLine("edge: no command yet");
return 2;
