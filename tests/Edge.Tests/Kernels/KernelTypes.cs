// The shapes of kernels that tests call.
global using unsafe QuantizeKernel = delegate*<float*, byte*, long, long, void>;
global using unsafe PackDigitsKernel = delegate*<sbyte*, ushort*, byte*, long, long, void>;
global using unsafe PlanesKernel = delegate*<byte*, byte*, byte*, float*, long, long, long, long, long, void>;
global using unsafe RowsKernel = delegate*<byte*, byte*, float*, long, long, long, long, long, void>;
