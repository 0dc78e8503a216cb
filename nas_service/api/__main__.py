"""`python -m nas_service.api`."""

from nas_service.api.serve import main

main()
