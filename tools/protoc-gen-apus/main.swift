// placeholder until the tool's first file
