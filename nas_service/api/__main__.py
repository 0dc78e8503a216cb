"""`python -m nas_service.api`."""

from nas_service.api.serve import main

if __name__ == "__main__":
    main()
