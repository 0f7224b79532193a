"""FKUI som mallpaket för crispy-forms: layoutobjekt, fält, inmatningar och malltaggar. Vet inget om SUS tabeller."""
