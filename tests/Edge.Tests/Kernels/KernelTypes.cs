// The shapes of kernels that tests call.
global using unsafe RowsKernel = delegate*<byte*, byte*, float*, long, long, long, long, long, void>;
