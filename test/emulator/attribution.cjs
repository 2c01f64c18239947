'use strict';
// Loaded by the emulator into each Lambda function: its requests name it, so that the policies of its role are enforced.
const { AWS_LAMBDA_FUNCTION_NAME } = process.env;
if (AWS_LAMBDA_FUNCTION_NAME) process.env.AWS_ACCESS_KEY_ID = AWS_LAMBDA_FUNCTION_NAME;
