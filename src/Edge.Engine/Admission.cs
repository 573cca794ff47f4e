namespace Edge.Engine;

/// <summary>What became of a request at the door. Invalid: a field cannot be used; Detail names it.</summary>
public enum Admission { Accepted, QueueFull, ContextOverflow, DeadlineUnreachable, Draining, Invalid }
